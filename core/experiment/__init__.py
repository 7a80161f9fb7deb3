"""What is asked: model, masks, benchmarks, cells; cache keys; events. No torch."""
