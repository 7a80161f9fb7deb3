"""The embedded Llama: its vocabulary, its training corpus, its training, and its weights in `model/`."""
