"""First names for people in the items, one list for all abilities."""

NAMES: tuple[str, ...] = (
    "Alice", "Amir", "Anna", "Ben", "Bruno", "Carla", "Chen", "Clara", "David", "Diego", "Elena", "Emil",
    "Farid", "Fiona", "George", "Grace", "Hana", "Henry", "Ines", "Ivan", "Jack", "Julia", "Kofi", "Laura",
    "Leo", "Lucy", "Maria", "Mark", "Mina", "Nadia", "Noah", "Olga", "Omar", "Paula", "Peter", "Priya",
    "Quentin", "Rosa", "Sam", "Sara", "Theo", "Tina", "Uma", "Victor", "Wendy", "Yusuf", "Zoe",
)  # fmt: skip
"""Common given names of many languages, none a word of its own in the items."""
