"""Gradients and Jacobians for optimisers, from two values of f a variable, where f may be noisy.

estimator.py   the public objects                    tracker.py   what to measure, and when
noise.py       how noisy f is                        axes.py      what is known of f along each variable
steps.py       how wide to step                      path.py      values of f that agree with its gradients
probe.py       f about one point                     calls.py     f, its arguments, bounds and units
derivative.py  what is found at a point
"""

from bibun.numerical.estimators.estimator import GradientEstimator, JacobianEstimator

__all__ = ["GradientEstimator", "JacobianEstimator"]
