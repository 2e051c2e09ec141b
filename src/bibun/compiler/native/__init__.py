"""From kernels to machine code: LLVM's language, vector mathematics, objects, the entry that CPython calls."""
