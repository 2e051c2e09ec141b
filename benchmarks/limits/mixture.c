/* Limit of ADBench's Gaussian mixture: log-likelihood with a Wishart prior, and its gradient.
 *
 *     f = sum_b log sum_c exp(m_cb) - n log sum_c exp(a_c) + prior + constants
 *     m_cb = a_c + sum_i q_ci - |y_cb|^2 / 2,     y_cb = L_c (x_b - mu_c)
 *
 * with L_c lower triangular, exp(q_c) on its diagonal. The gradient needs, beside the responsibilities
 * r_cb = softmax_c m_cb, only two sums over the points, moments of the weighted whitened differences:
 *
 *     y_c = sum_b r_cb y_cb,     S_c = sum_b r_cb y_cb (x_b - mu_c)^T
 *     df/dmu_c = L_c^T y_c,      df/dL_c = -S_c (its lower triangle)
 *
 * 64 points at a time stay in the caches for both passes over them. Whitening is vectors over points (a row of L is
 * short, 64 points are eight registers), the moments are vectors over columns, four rows of S at once: eight
 * accumulators for each. That keeps both at the speed of multiply-adds, which is the limit here.
 */
#include "arrays.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, REGISTERS = BLOCK / LANES, ROWS = 4 };

typedef struct {
    int dimensions, components, points;
    int rows, columns;       /* of a matrix of moments: dimensions rounded up to 4, and to 8 */
    const double *log_weights, *means, *factors, *x;
    double *lower;           /* (components, dimensions, dimensions): L below its diagonal */
    double *diagonal;        /* (components, dimensions): exp(q) */
    double *log_determinant; /* (components,): sum(q) */
    double *differences;     /* (dimensions, BLOCK): x - mu, points along the vectors */
    double *block;           /* (dimensions, BLOCK): the block's points, transposed */
    double *points_across;   /* (BLOCK, columns): the block's points, and zeros */
    double *means_across;    /* (components, columns): mu, and zeros */
    double *across;          /* (BLOCK, columns): x - mu, dimensions along the vectors */
    double *whitened;        /* (components, rows, BLOCK): y, then r y */
    double *terms;           /* (components, BLOCK): m, then r */
    double *moments;         /* (components, rows, columns): S */
    double *sums;            /* (components, rows): sum of r y */
    double *counts;          /* (components,): sum of r */
} Mixture;

static double *zeros(size_t length) {
    size_t bytes = (length * sizeof(double) + 63) / 64 * 64; /* whole registers, aligned to them */
    double *memory = aligned_alloc(64, bytes);
    memset(memory, 0, bytes);
    return memory;
}

static void allocate(Mixture *m) {
    int d = m->dimensions, k = m->components;
    m->rows = (d + ROWS - 1) / ROWS * ROWS;
    m->columns = (d + LANES - 1) / LANES * LANES;
    m->lower = zeros((size_t)k * d * d), m->diagonal = zeros((size_t)k * d), m->log_determinant = zeros(k);
    m->differences = zeros((size_t)d * BLOCK), m->block = zeros((size_t)d * BLOCK);
    m->points_across = zeros((size_t)BLOCK * m->columns), m->means_across = zeros((size_t)k * m->columns);
    m->across = zeros((size_t)BLOCK * m->columns);
    m->whitened = zeros((size_t)k * m->rows * BLOCK), m->terms = zeros((size_t)k * BLOCK);
    m->moments = zeros((size_t)k * m->rows * m->columns), m->sums = zeros((size_t)k * m->rows);
    m->counts = zeros(k);
}

static void release(Mixture *m) {
    double *all[] = {m->lower, m->diagonal, m->log_determinant, m->differences, m->block, m->points_across,
                     m->means_across, m->across, m->whitened, m->terms, m->moments, m->sums, m->counts};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Entries of a component's factor: the logarithms of the diagonal, then the columns below it. */
static inline int factor_size(int d) { return d * (d + 1) / 2; }

static void unpack_parameters(Mixture *m) {
    int d = m->dimensions;
    for (int c = 0; c < m->components; c++) {
        const double *factor = m->factors + c * factor_size(d), *below = factor + d;
        memcpy(m->means_across + c * m->columns, m->means + c * d, d * sizeof(double));
        for (int i = 0; i < d; i++) {
            m->log_determinant[c] += factor[i];
            m->diagonal[c * d + i] = exp(factor[i]);
        }
        for (int column = 0; column < d; column++)
            for (int row = column + 1; row < d; row++)
                m->lower[(c * d + row) * d + column] = *below++;
    }
}

/* The block's points, along and across. A block that is not full repeats its first point, with responsibility zero. */
static void load_block(Mixture *m, int first, int filled) {
    int d = m->dimensions;
    for (int b = 0; b < BLOCK; b++) {
        const double *point = m->x + (size_t)(b < filled ? first + b : first) * d;
        for (int i = 0; i < d; i++)
            m->block[i * BLOCK + b] = m->points_across[b * m->columns + i] = point[i];
    }
}

/* y = L (x - mu) of one component, and m without its largest. Row by row, a row's 64 results in eight registers. */
static void whiten(Mixture *m, int c) {
    int d = m->dimensions;
    double *restrict differences = m->differences;
    for (int i = 0; i < d; i++) {
        double mean = m->means[c * d + i];
        for (int b = 0; b < BLOCK; b++)
            differences[i * BLOCK + b] = m->block[i * BLOCK + b] - mean;
    }
    Lanes norms[REGISTERS];
    for (int t = 0; t < REGISTERS; t++)
        norms[t] = (Lanes){0};
    for (int row = 0; row < d; row++) {
        const double *lower = m->lower + (c * d + row) * d;
        const Lanes *difference = (const Lanes *)(differences + row * BLOCK);
        double scale = m->diagonal[c * d + row];
        Lanes result[REGISTERS];
#pragma GCC unroll 8
        for (int t = 0; t < REGISTERS; t++)
            result[t] = scale * difference[t];
        for (int column = 0; column < row; column++) {
            double factor = lower[column];
            const Lanes *other = (const Lanes *)(differences + column * BLOCK);
#pragma GCC unroll 8
            for (int t = 0; t < REGISTERS; t++)
                result[t] += factor * other[t];
        }
        Lanes *whitened = (Lanes *)(m->whitened + ((size_t)c * m->rows + row) * BLOCK);
#pragma GCC unroll 8
        for (int t = 0; t < REGISTERS; t++) {
            whitened[t] = result[t];
            norms[t] += result[t] * result[t];
        }
    }
    const double *squares = (const double *)norms;
    double *restrict terms = m->terms + c * BLOCK, base = m->log_weights[c] + m->log_determinant[c];
    for (int b = 0; b < BLOCK; b++)
        terms[b] = base - 0.5 * squares[b];
}

/* terms: m becomes r. Returns the block's part of f. */
static double take_responsibilities(Mixture *m, int filled) {
    double largest[BLOCK], totals[BLOCK], sum = 0;
    memcpy(largest, m->terms, sizeof largest);
    memset(totals, 0, sizeof totals);
    for (int c = 1; c < m->components; c++)
        for (int b = 0; b < BLOCK; b++)
            largest[b] = largest[b] > m->terms[c * BLOCK + b] ? largest[b] : m->terms[c * BLOCK + b];
    for (int c = 0; c < m->components; c++)
        for (int b = 0; b < BLOCK; b++) {
            double exponential = exp(m->terms[c * BLOCK + b] - largest[b]);
            m->terms[c * BLOCK + b] = exponential;
            totals[b] += exponential;
        }
    for (int b = 0; b < filled; b++)
        sum += log(totals[b]) + largest[b];
    for (int b = 0; b < BLOCK; b++)
        totals[b] = b < filled ? 1 / totals[b] : 0;
    for (int c = 0; c < m->components; c++) {
        double count = 0;
        for (int b = 0; b < BLOCK; b++) {
            m->terms[c * BLOCK + b] *= totals[b];
            count += m->terms[c * BLOCK + b];
        }
        m->counts[c] += count;
    }
    return sum;
}

/* moments[4 rows, 16 columns] += (r y)^T (x - mu) over the block. */
static inline void add_moments_16(const double *weighted, const double *across, int columns, double *moments) {
    Lanes left[ROWS] = {{0}}, right[ROWS] = {{0}};
    for (int b = 0; b < BLOCK; b++) {
        Lanes first = *(const Lanes *)(across + b * columns), second = *(const Lanes *)(across + b * columns + LANES);
#pragma GCC unroll 4
        for (int row = 0; row < ROWS; row++) {
            left[row] += weighted[row * BLOCK + b] * first;
            right[row] += weighted[row * BLOCK + b] * second;
        }
    }
#pragma GCC unroll 4
    for (int row = 0; row < ROWS; row++) {
        *(Lanes *)(moments + row * columns) += left[row];
        *(Lanes *)(moments + row * columns + LANES) += right[row];
    }
}

static inline void add_moments_8(const double *weighted, const double *across, int columns, double *moments) {
    Lanes sum[ROWS] = {{0}};
    for (int b = 0; b < BLOCK; b++) {
        Lanes difference = *(const Lanes *)(across + b * columns);
#pragma GCC unroll 4
        for (int row = 0; row < ROWS; row++)
            sum[row] += weighted[row * BLOCK + b] * difference;
    }
#pragma GCC unroll 4
    for (int row = 0; row < ROWS; row++)
        *(Lanes *)(moments + row * columns) += sum[row];
}

/* The block's part of S and of the sum of r y, for one component. */
static void add_moments(Mixture *m, int c) {
    int d = m->dimensions, columns = m->columns;
    double *restrict weighted = m->whitened + (size_t)c * m->rows * BLOCK, *restrict across = m->across;
    const double *responsibilities = m->terms + c * BLOCK, *mean = m->means_across + c * columns;
    for (int row = 0; row < d; row++) {
        double sum = 0;
        for (int b = 0; b < BLOCK; b++) {
            weighted[row * BLOCK + b] *= responsibilities[b];
            sum += weighted[row * BLOCK + b];
        }
        m->sums[c * m->rows + row] += sum;
    }
    for (int b = 0; b < BLOCK; b++)
        for (int i = 0; i < columns; i++)
            across[b * columns + i] = m->points_across[b * columns + i] - mean[i];
    double *moments = m->moments + (size_t)c * m->rows * columns;
    for (int row = 0; row < m->rows; row += ROWS)
        /* only columns up to the diagonal: the rest of S is not needed */
        for (int column = 0; column < row + ROWS && column < columns; column += 2 * LANES) {
            double *corner = moments + row * columns + column;
            if (column + LANES < columns)
                add_moments_16(weighted + row * BLOCK, across + column, columns, corner);
            else
                add_moments_8(weighted + row * BLOCK, across + column, columns, corner);
        }
}

/* log sum exp of the mixture's weights. */
static double log_total_weight(const Mixture *m) {
    double largest = m->log_weights[0], total = 0;
    for (int c = 1; c < m->components; c++)
        largest = fmax(largest, m->log_weights[c]);
    for (int c = 0; c < m->components; c++)
        total += exp(m->log_weights[c] - largest);
    return log(total) + largest;
}

/* What depends on no parameter: of the normal density, and of the Wishart distribution. */
static double constants(const Mixture *m, double gamma, int wishart) {
    int d = m->dimensions, freedom = d + wishart + 1;
    double log_gamma = 0.25 * d * (d - 1) * log(M_PI);
    for (int j = 1; j <= d; j++)
        log_gamma += lgamma(0.5 * (freedom + 1 - j));
    double normalisation = freedom * d * log(gamma * sqrt(0.5)) - log_gamma;
    return -0.5 * m->points * d * log(2 * M_PI) - m->components * normalisation;
}

/* The gradients from the moments, and the prior's value. */
static double finish(const Mixture *m, double gamma, int wishart, double *by_weights, double *by_means,
                     double *by_factors) {
    int d = m->dimensions;
    double total = log_total_weight(m), prior = 0, square = gamma * gamma;
    for (int c = 0; c < m->components; c++) {
        const double *factor = m->factors + c * factor_size(d), *lower = m->lower + (size_t)c * d * d;
        const double *moments = m->moments + (size_t)c * m->rows * m->columns, *sums = m->sums + c * m->rows;
        double *by_factor = by_factors + c * factor_size(d), frobenius = 0;
        by_weights[c] = m->counts[c] - m->points * exp(m->log_weights[c] - total);
        int entry = d;
        for (int i = 0; i < d; i++) {
            double scale = m->diagonal[c * d + i], mean = scale * sums[i];
            frobenius += scale * scale;
            by_factor[i] = m->counts[c] - moments[i * m->columns + i] * scale + square * scale * scale - wishart;
            for (int row = i + 1; row < d; row++, entry++) {
                mean += lower[row * d + i] * sums[row];
                frobenius += factor[entry] * factor[entry];
                by_factor[entry] = square * factor[entry] - moments[row * m->columns + i];
            }
            by_means[c * d + i] = mean;
        }
        prior += 0.5 * square * frobenius - wishart * m->log_determinant[c];
    }
    return prior - m->points * total;
}

/* (log weights, means, factors, x, gamma, wishart) -> (f, by log weights, by means, by factors). */
LIMIT(mixture) {
    Mixture m = {.dimensions = extent(arguments[1], 1), .components = extent(arguments[1], 0),
                 .points = extent(arguments[3], 0), .log_weights = numbers(arguments[0]),
                 .means = numbers(arguments[1]), .factors = numbers(arguments[2]), .x = numbers(arguments[3])};
    double gamma = PyFloat_AsDouble(arguments[4]), value = 0;
    int wishart = PyLong_AsLong(arguments[5]);
    PyObject *by_weights = new_vector(m.components), *by_means = new_matrix(m.components, m.dimensions);
    PyObject *by_factors = new_matrix(m.components, factor_size(m.dimensions));
    allocate(&m);
    unpack_parameters(&m);
    for (int first = 0; first < m.points; first += BLOCK) {
        int filled = m.points - first < BLOCK ? m.points - first : BLOCK;
        load_block(&m, first, filled);
        for (int c = 0; c < m.components; c++)
            whiten(&m, c);
        value += take_responsibilities(&m, filled);
        for (int c = 0; c < m.components; c++)
            add_moments(&m, c);
    }
    value += finish(&m, gamma, wishart, numbers(by_weights), numbers(by_means), numbers(by_factors));
    value += constants(&m, gamma, wishart);
    release(&m);
    return Py_BuildValue("dNNN", value, by_weights, by_means, by_factors);
}
