/* What every limit needs of CPython and NumPy: arguments in, fresh arrays out.
 *
 * No argument is checked: a limit is called by the benchmarks alone, with contiguous float64 arrays. A check of
 * eleven arrays takes some nanoseconds that a limit should not have.
 */
#ifndef LIMITS_ARRAYS_H
#define LIMITS_ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL limits_numpy /* one NumPy table for all files; module.c fills it */
#ifndef LIMITS_MODULE
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

/* Every limit is a CPython builtin of this form: nothing is quicker to call from Python. */
#define LIMIT(name) PyObject *name(PyObject *module, PyObject *const *arguments, Py_ssize_t count)

/* Eight doubles: one AVX-512 register. On narrower machines gcc splits it. */
enum { LANES = 8 };
typedef double Lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef double UnalignedLanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

static inline double *numbers(PyObject *array) { return (double *)PyArray_DATA((PyArrayObject *)array); }

static inline npy_intp size(PyObject *array) { return PyArray_SIZE((PyArrayObject *)array); }

static inline npy_intp extent(PyObject *array, int axis) { return PyArray_DIM((PyArrayObject *)array, axis); }

static inline PyObject *new_vector(npy_intp length) { return PyArray_SimpleNew(1, &length, NPY_DOUBLE); }

static inline PyObject *new_matrix(npy_intp rows, npy_intp columns) {
    npy_intp extents[2] = {rows, columns};
    return PyArray_SimpleNew(2, extents, NPY_DOUBLE);
}

/* An array of no axes that holds one number. */
static inline PyObject *new_number(double number) {
    PyObject *array = PyArray_SimpleNew(0, NULL, NPY_DOUBLE);
    *numbers(array) = number;
    return array;
}

/* (value, gradient): the value as a Python float, the cheapest object that holds it. */
static inline PyObject *value_and(double value, PyObject *gradient) {
    PyObject *result = PyTuple_New(2);
    PyTuple_SET_ITEM(result, 0, PyFloat_FromDouble(value));
    PyTuple_SET_ITEM(result, 1, gradient);
    return result;
}

#endif
