/* Limits of the chains of small operations: square(exp(square(x))), and 500 times sin(1.01 y). */
#include "arrays.h"
#include <math.h>

enum { STEPS = 500 };
static const double FACTOR = 1.01;

/* x -> (y, dy/dx) of y = exp(x^2)^2, dy/dx = 4 x y. */
LIMIT(seed) {
    double x = *numbers(arguments[0]);
    double inner = exp(x * x);
    double y = inner * inner;
    return value_and(y, new_number(4 * x * y));
}

/* x -> (y, dy/dx) of one number.
 *
 * The sines follow each other and their latency is the limit. The cosines do not: taken together afterwards they
 * are a vector loop. (Beside its sine, gcc would make a scalar sincos of the two.)
 */
LIMIT(chain_scalar) {
    double scaled[STEPS], cosines[STEPS];
    double y = *numbers(arguments[0]);
    for (int step = 0; step < STEPS; step++) {
        scaled[step] = y * FACTOR;
        y = sin(scaled[step]);
    }
    for (int step = 0; step < STEPS; step++)
        cosines[step] = cos(scaled[step]);
    double gradient = 1;
    for (int step = STEPS - 1; step >= 0; step--)
        gradient *= cosines[step] * FACTOR;
    return value_and(y, new_number(gradient));
}

/* Up to 16 elements: two vectors, whose sines are in flight at the same time. */
enum { WIDTH = 16 };

/* x -> (sum(y), dy/dx) of a short vector.
 *
 * Every element is a chain of its own, so its derivative may as well go forward beside it: as many operations as
 * backward, with nothing to store, and the cosines fill the time in which the next sine waits for the last.
 */
LIMIT(chain_vector) {
    npy_intp length = size(arguments[0]);
    const double *x = numbers(arguments[0]);
    PyObject *result = new_vector(length);
    double y[WIDTH], derivative[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
        y[i] = i < length ? x[i] : 0;
        derivative[i] = 1;
    }
    for (int step = 0; step < STEPS; step++) {
        double scaled[WIDTH], cosines[WIDTH];
        for (int i = 0; i < WIDTH; i++)
            scaled[i] = y[i] * FACTOR;
        for (int i = 0; i < WIDTH; i++)
            y[i] = sin(scaled[i]);
        /* seen together, gcc would make calls of sincos, which has no vector form: what is in memory may have changed */
        __asm__ volatile("" : : "r"(scaled) : "memory");
        for (int i = 0; i < WIDTH; i++)
            cosines[i] = cos(scaled[i]);
        for (int i = 0; i < WIDTH; i++)
            derivative[i] *= cosines[i] * FACTOR;
    }
    double value = 0;
    double *gradient = numbers(result);
    for (int i = 0; i < length; i++) {
        value += y[i];
        gradient[i] = derivative[i];
    }
    return value_and(value, result);
}
