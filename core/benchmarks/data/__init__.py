"""The rows of the benchmarks: from one's own folder, or from the hub."""

from core.benchmarks.data.folder import MissingRowsError
from core.benchmarks.data.hub import HubError
from core.benchmarks.data.load import is_at_hand, load_documents, load_rows

__all__ = ["HubError", "MissingRowsError", "is_at_hand", "load_documents", "load_rows"]
