/* Limits of Rosenbrock's function, f = sum_i 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2: one pass over x each. */
#include "arrays.h"

/* x -> df/dx, without the value: what it would add to the loop is little, but a tuple and a number to return it cost as
 * much as all of n = 100.
 *
 * An entry of the gradient takes part of two terms, "valley" i - 1 and i. Computing the neighbour's again costs two
 * operations and keeps the loop free of carried values, so that gcc makes vectors of it.
 */
LIMIT(rosenbrock) {
    npy_intp n = size(arguments[0]);
    const double *x = numbers(arguments[0]);
    PyObject *result = new_vector(n);
    double *restrict gradient = numbers(result);
    gradient[0] = -400 * (x[1] - x[0] * x[0]) * x[0] - 2 * (1 - x[0]);
    for (npy_intp i = 1; i < n - 1; i++) {
        double here = x[i + 1] - x[i] * x[i];
        double before = x[i] - x[i - 1] * x[i - 1];
        gradient[i] = 200 * before - 400 * here * x[i] - 2 * (1 - x[i]);
    }
    gradient[n - 1] = 200 * (x[n - 1] - x[n - 2] * x[n - 2]);
    return result;
}

/* x -> d2f/dx2, tridiagonal in a dense matrix. The zeros cost the most: calloc, and three numbers a row on top. */
LIMIT(rosenbrock_hessian) {
    npy_intp n = size(arguments[0]);
    const double *x = numbers(arguments[0]);
    npy_intp extents[2] = {n, n};
    PyObject *result = PyArray_ZEROS(2, extents, NPY_DOUBLE, 0);
    double *hessian = numbers(result);
    for (npy_intp i = 0; i < n - 1; i++) {
        double *corner = hessian + i * n + i;
        corner[0] += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2;
        corner[1] = corner[n] = -400 * x[i];
        corner[n + 1] += 200;
    }
    return result;
}

/* (x, v) -> d2f/dx2 v, without the matrix. */
LIMIT(rosenbrock_hvp) {
    npy_intp n = size(arguments[0]);
    const double *x = numbers(arguments[0]), *v = numbers(arguments[1]);
    PyObject *result = new_vector(n);
    double *restrict product = numbers(result);
    for (npy_intp i = 1; i < n - 1; i++) {
        double diagonal = 1200 * x[i] * x[i] - 400 * x[i + 1] + 202;
        product[i] = diagonal * v[i] - 400 * x[i] * v[i + 1] - 400 * x[i - 1] * v[i - 1];
    }
    product[0] = (1200 * x[0] * x[0] - 400 * x[1] + 2) * v[0] - 400 * x[0] * v[1];
    product[n - 1] = 200 * v[n - 1] - 400 * x[n - 2] * v[n - 2];
    return result;
}
