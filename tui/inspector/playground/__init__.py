"""The tab Playground: a prompt of one's own, written on by three models."""
