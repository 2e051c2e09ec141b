/* Limit of Black-Scholes: the value of a portfolio of calls and four Greeks of every option, in one pass.
 *
 * All is vector mathematics: a logarithm, two exponentials, two error functions, two square roots and some divisions
 * an option. gcc's vectors and glibc's libmvec take it whole; five streams in, four out, no temporary array.
 */
#include "arrays.h"
#include <math.h>

static const double HALF_ROOT = 0.70710678118654752;       /* sqrt(1 / 2) */
static const double NORMAL_DENSITY = 0.39894228040143268;  /* 1 / sqrt(2 pi) */

static double greeks(npy_intp n, const double *restrict price, const double *restrict strike,
                     const double *restrict expiry, const double *restrict rate, const double *restrict volatility,
                     double *restrict by_price, double *restrict by_expiry, double *restrict by_rate,
                     double *restrict by_volatility) {
    double value = 0;
    for (npy_intp i = 0; i < n; i++) {
        double root = sqrt(expiry[i]);
        double spread = volatility[i] * root;
        double drift = (rate[i] + 0.5 * volatility[i] * volatility[i]) * expiry[i];
        double d1 = (log(price[i] / strike[i]) + drift) / spread;
        double d2 = d1 - spread;
        double normal1 = 0.5 + 0.5 * erf(d1 * HALF_ROOT);
        double normal2 = 0.5 + 0.5 * erf(d2 * HALF_ROOT);
        double discounted = strike[i] * exp(-rate[i] * expiry[i]) * normal2;
        double density = price[i] * NORMAL_DENSITY * exp(-0.5 * d1 * d1);
        value += price[i] * normal1 - discounted;
        by_price[i] = normal1;
        by_expiry[i] = 0.5 * density * volatility[i] / root + rate[i] * discounted;
        by_rate[i] = discounted * expiry[i];
        by_volatility[i] = density * root;
    }
    return value;
}

/* (price, strike, expiry, rate, volatility) -> (value, by price, by expiry, by rate, by volatility). */
LIMIT(black_scholes) {
    npy_intp n = size(arguments[0]);
    PyObject *by_price = new_vector(n), *by_expiry = new_vector(n);
    PyObject *by_rate = new_vector(n), *by_volatility = new_vector(n);
    double value = greeks(n, numbers(arguments[0]), numbers(arguments[1]), numbers(arguments[2]),
                          numbers(arguments[3]), numbers(arguments[4]), numbers(by_price), numbers(by_expiry),
                          numbers(by_rate), numbers(by_volatility));
    return Py_BuildValue("dNNNN", value, by_price, by_expiry, by_rate, by_volatility);
}
