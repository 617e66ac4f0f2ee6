"""The llvm engine: programs on one compiled machine for each precision, with the bits of NumPy."""
