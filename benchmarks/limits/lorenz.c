/* Limit of the Lorenz system: `steps` of Runge-Kutta's fourth order, |last state|^2 and its gradient.
 *
 * A state is three numbers, each step waits for the last, so this is scalar code at the speed of its latencies.
 * Backward, the stages are computed again from the saved states: cheaper than storing and loading four a step.
 */
#include "arrays.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    double sigma, rho, beta;
} Parameters;

/* slope = d state / dt. */
static inline void slope_at(const double state[3], Parameters p, double slope[3]) {
    slope[0] = p.sigma * (state[1] - state[0]);
    slope[1] = state[0] * (p.rho - state[2]) - state[1];
    slope[2] = state[0] * state[1] - p.beta * state[2];
}

static inline void move(const double state[3], double time, const double slope[3], double moved[3]) {
    for (int i = 0; i < 3; i++)
        moved[i] = state[i] + time * slope[i];
}

/* by_state = the pullback of slope_at; by_parameters has its own part added. */
static inline void pull_back(const double state[3], Parameters p, const double by_slope[3], double by_state[3],
                             double by_parameters[3]) {
    by_state[0] = -p.sigma * by_slope[0] + (p.rho - state[2]) * by_slope[1] + state[1] * by_slope[2];
    by_state[1] = p.sigma * by_slope[0] - by_slope[1] + state[0] * by_slope[2];
    by_state[2] = -state[0] * by_slope[1] - p.beta * by_slope[2];
    by_parameters[0] += (state[1] - state[0]) * by_slope[0];
    by_parameters[1] += state[0] * by_slope[1];
    by_parameters[2] -= state[2] * by_slope[2];
}

static inline void step_forward(const double *state, Parameters p, double h, double *next) {
    double slope1[3], slope2[3], slope3[3], slope4[3], stage[3];
    slope_at(state, p, slope1);
    move(state, 0.5 * h, slope1, stage);
    slope_at(stage, p, slope2);
    move(state, 0.5 * h, slope2, stage);
    slope_at(stage, p, slope3);
    move(state, h, slope3, stage);
    slope_at(stage, p, slope4);
    for (int i = 0; i < 3; i++)
        next[i] = state[i] + h / 6 * (slope1[i] + 2 * slope2[i] + 2 * slope3[i] + slope4[i]);
}

/* by_state: by the step's result when called, by its start when done. */
static inline void step_backward(const double *state, Parameters p, double h, double by_state[3],
                                 double by_parameters[3]) {
    double slope[3], stage2[3], stage3[3], stage4[3];
    slope_at(state, p, slope);
    move(state, 0.5 * h, slope, stage2);
    slope_at(stage2, p, slope);
    move(state, 0.5 * h, slope, stage3);
    slope_at(stage3, p, slope);
    move(state, h, slope, stage4);
    double by_slope[3], by_stage[3], total[3];
    for (int i = 0; i < 3; i++) {
        total[i] = by_state[i];
        by_slope[i] = h / 6 * by_state[i];
    }
    pull_back(stage4, p, by_slope, by_stage, by_parameters);
    for (int i = 0; i < 3; i++) {
        total[i] += by_stage[i];
        by_slope[i] = h / 3 * by_state[i] + h * by_stage[i];
    }
    pull_back(stage3, p, by_slope, by_stage, by_parameters);
    for (int i = 0; i < 3; i++) {
        total[i] += by_stage[i];
        by_slope[i] = h / 3 * by_state[i] + 0.5 * h * by_stage[i];
    }
    pull_back(stage2, p, by_slope, by_stage, by_parameters);
    for (int i = 0; i < 3; i++) {
        total[i] += by_stage[i];
        by_slope[i] = h / 6 * by_state[i] + 0.5 * h * by_stage[i];
    }
    pull_back(state, p, by_slope, by_stage, by_parameters);
    for (int i = 0; i < 3; i++)
        by_state[i] = total[i] + by_stage[i];
}

/* (state, parameters, steps, h) -> (value, by state, by parameters). */
LIMIT(lorenz) {
    const double *given = numbers(arguments[1]);
    Parameters p = {given[0], given[1], given[2]};
    long steps = PyLong_AsLong(arguments[2]);
    double h = PyFloat_AsDouble(arguments[3]);
    double(*states)[3] = malloc((steps + 1) * sizeof *states);
    memcpy(states[0], numbers(arguments[0]), sizeof *states);
    for (long step = 0; step < steps; step++)
        step_forward(states[step], p, h, states[step + 1]);
    double value = 0;
    PyObject *by_state = new_vector(3), *by_parameters = new_vector(3);
    double adjoint[3], sensitivity[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        value += states[steps][i] * states[steps][i];
        adjoint[i] = 2 * states[steps][i];
    }
    for (long step = steps - 1; step >= 0; step--)
        step_backward(states[step], p, h, adjoint, sensitivity);
    free(states);
    memcpy(numbers(by_state), adjoint, sizeof adjoint);
    memcpy(numbers(by_parameters), sensitivity, sizeof sensitivity);
    return Py_BuildValue("dNN", value, by_state, by_parameters);
}
