"""Forms of labels, a file each: bytes to boxes or class ids, whichever layout holds them."""
