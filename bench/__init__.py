"""What the engine and the board cost, one file a question; `make bench` runs them all."""
