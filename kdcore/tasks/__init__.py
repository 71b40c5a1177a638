"""What a batch is and what is predicted: everything the loop must not assume for itself."""
