"""The 20 NIST nonlinear regression problems, fitted with exact Jacobians: `python -m examples.nist`."""
