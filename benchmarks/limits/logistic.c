/* Limit of logistic regression: the gradient of f = mean(log(1 + exp(-y (X w)))) + ridge / 2 |w|^2.
 *
 * The matrix X, 8 MB, does not fit the second-level cache, so it must come only once: eight rows at a time, first
 * for their scores X w and then, still in the first-level cache, for the gradient. NumPy, with a product for each,
 * reads it twice. The value is left out: 10,000 logarithms that the gradient does not need.
 */
#include "arrays.h"
#include <math.h>
#include <string.h>

enum {
    ROWS = 8, /* at a time: 8 rows of 100 columns are 6.4 KB of a first-level cache of 32 or 48 */
    AHEAD = 8, /* rows that the prefetch runs ahead */
    MOST_VECTORS = 128
};

/* The columns as vectors. Where they are no multiple of eight, the last vector overlaps the one before it, and its
 * weights there are zero: no masks, no loop for the rest. */
typedef struct {
    npy_intp columns, whole; /* whole: vectors before the one that overlaps, or all */
    Lanes weights[MOST_VECTORS], total[MOST_VECTORS];
} Columns;

static inline Lanes load(const double *row) { return *(const UnalignedLanes *)row; }

static inline double sum(Lanes lanes) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void set_up(Columns *c, npy_intp columns, const double *w) {
    c->columns = columns;
    c->whole = columns / LANES;
    memset(c->total, 0, sizeof c->total);
    memset(c->weights, 0, sizeof c->weights);
    memcpy(c->weights, w, c->whole * sizeof(Lanes));
    for (npy_intp column = c->whole * LANES; column < columns; column++)
        c->weights[c->whole][LANES - (columns - column)] = w[column];
}

/* scores[i] = row i . w of four rows; four accumulators hide the latency of a multiply-add. */
static inline void score_four(const Columns *c, const double *rows, double *scores) {
    const double *row0 = rows, *row1 = row0 + c->columns, *row2 = row1 + c->columns, *row3 = row2 + c->columns;
    Lanes sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};
    npy_intp ahead = AHEAD * c->columns;
    for (npy_intp j = 0; j < c->whole; j++) {
        npy_intp at = j * LANES;
        __builtin_prefetch(row0 + at + ahead);
        __builtin_prefetch(row1 + at + ahead);
        __builtin_prefetch(row2 + at + ahead);
        __builtin_prefetch(row3 + at + ahead);
        sum0 += load(row0 + at) * c->weights[j];
        sum1 += load(row1 + at) * c->weights[j];
        sum2 += load(row2 + at) * c->weights[j];
        sum3 += load(row3 + at) * c->weights[j];
    }
    if (c->columns % LANES) {
        npy_intp at = c->columns - LANES;
        Lanes last = c->weights[c->whole];
        sum0 += load(row0 + at) * last;
        sum1 += load(row1 + at) * last;
        sum2 += load(row2 + at) * last;
        sum3 += load(row3 + at) * last;
    }
    scores[0] = sum(sum0), scores[1] = sum(sum1), scores[2] = sum(sum2), scores[3] = sum(sum3);
}

/* sum + sum_i factors[i] * row i, of eight rows at one vector; in two halves that do not wait for each other. */
static inline Lanes add_eight(Lanes sum, const double *rows, npy_intp columns, const double *factors) {
    Lanes even = sum + factors[0] * load(rows), odd = factors[1] * load(rows + columns);
#pragma GCC unroll 3
    for (int i = 2; i < ROWS; i += 2) {
        even += factors[i] * load(rows + i * columns);
        odd += factors[i + 1] * load(rows + (i + 1) * columns);
    }
    return even + odd;
}

static inline void add_rows(Columns *c, const double *rows, const double *factors) {
    for (npy_intp j = 0; j < c->whole; j++)
        c->total[j] = add_eight(c->total[j], rows + j * LANES, c->columns, factors);
    if (c->columns % LANES)
        c->total[c->whole] = add_eight(c->total[c->whole], rows + c->columns - LANES, c->columns, factors);
}

/* (X, y, w, ridge) -> df/dw. X has at least eight columns. */
LIMIT(logistic) {
    npy_intp n = extent(arguments[0], 0), columns = extent(arguments[0], 1);
    const double *design = numbers(arguments[0]), *labels = numbers(arguments[1]), *w = numbers(arguments[2]);
    double ridge = PyFloat_AsDouble(arguments[3]);
    Columns c;
    set_up(&c, columns, w);
    npy_intp row = 0;
    for (; row + ROWS <= n; row += ROWS) {
        const double *rows = design + row * columns;
        double scores[ROWS], factors[ROWS];
        score_four(&c, rows, scores);
        score_four(&c, rows + 4 * columns, scores + 4);
        for (int i = 0; i < ROWS; i++)
            factors[i] = -labels[row + i] / (1 + exp(labels[row + i] * scores[i]));
        add_rows(&c, rows, factors);
    }
    PyObject *result = new_vector(columns);
    double *gradient = numbers(result);
    memcpy(gradient, c.total, c.whole * sizeof(Lanes));
    for (npy_intp j = c.whole * LANES; j < columns; j++)
        gradient[j] = c.total[c.whole][LANES - (columns - j)];
    for (; row < n; row++) { /* the rows that are left, fewer than eight */
        const double *last = design + row * columns;
        double score = 0;
        for (npy_intp j = 0; j < columns; j++)
            score += last[j] * w[j];
        for (npy_intp j = 0; j < columns; j++)
            gradient[j] -= labels[row] / (1 + exp(labels[row] * score)) * last[j];
    }
    for (npy_intp j = 0; j < columns; j++)
        gradient[j] = gradient[j] / n + ridge * w[j];
    return result;
}
