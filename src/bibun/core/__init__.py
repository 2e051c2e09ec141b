"""What a primitive is and what a call is. Owns no formula and no interpreter."""
