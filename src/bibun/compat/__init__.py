"""Code written for other packages, run on bibun: each folder has the names and the conventions of one of them."""
