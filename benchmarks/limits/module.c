/* The extension module `limits`: a table of the limits, each described in its own file. */
#define LIMITS_MODULE
#include "arrays.h"

LIMIT(seed);
LIMIT(chain_scalar);
LIMIT(chain_vector);
LIMIT(rosenbrock);
LIMIT(rosenbrock_hessian);
LIMIT(rosenbrock_hvp);
LIMIT(black_scholes);
LIMIT(logistic);
LIMIT(mixture);
LIMIT(bundle);
LIMIT(lorenz);

#define ENTRY(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, NULL}

static PyMethodDef entries[] = {
    ENTRY(seed),      ENTRY(chain_scalar), ENTRY(chain_vector), ENTRY(rosenbrock), ENTRY(rosenbrock_hessian),
    ENTRY(rosenbrock_hvp), ENTRY(black_scholes), ENTRY(logistic), ENTRY(mixture), ENTRY(bundle), ENTRY(lorenz),
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "limits", .m_size = -1, .m_methods = entries};

PyMODINIT_FUNC PyInit_limits(void) {
    import_array();
    return PyModule_Create(&definition);
}
