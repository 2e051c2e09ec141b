/* Limit of ADBench's bundle adjustment: of each observation's two errors the derivatives by camera (11), point (3) and
 * weight (1), written by hand.
 *
 *     error = weight (focal (1 + k1 s + k2 s^2) p + principal - seen),  s = |p|^2,  p = (u / c, v / c)
 *     (u, v, c) = R(rotation) (point - centre)                          (Rodrigues' formula)
 *
 * 64 observations are gathered into vectors over observations, one array for each of their 17 numbers; then all is
 * vector code; then the 30 results of each are written to its own place.
 */
#include "arrays.h"
#include <math.h>

enum { BLOCK = 64, CAMERA = 11, POINT = 3 };

/* Places in a camera. */
enum { ROTATION = 0, CENTRE = 3, FOCAL = 6, PRINCIPAL = 7, RADIAL = 9 };

typedef struct {
    double camera[CAMERA][BLOCK], point[POINT][BLOCK], weight[BLOCK], seen[2][BLOCK];
    double angle[BLOCK], cosine[BLOCK], sine[BLOCK]; /* of the camera's rotation */
} Inputs;

typedef struct {
    double by_camera[2][CAMERA][BLOCK], by_point[2][POINT][BLOCK], by_weight[2][BLOCK];
} Blocks;

/* `noipa`, both: seen together, gcc would make calls of sincos, which has no vector form. */
static __attribute__((noipa)) void take_cosines(const double *angle, double *cosine) {
    for (int b = 0; b < BLOCK; b++)
        cosine[b] = cos(angle[b]);
}

static __attribute__((noipa)) void take_sines(const double *angle, double *sine) {
    for (int b = 0; b < BLOCK; b++)
        sine[b] = sin(angle[b]);
}

/* A block that is not full repeats its first observation. */
static void gather(Inputs *in, npy_intp first, npy_intp filled, const double *cameras, const double *points,
                   const double *weights, const npy_int64 *observations, const double *seen) {
    for (int b = 0; b < BLOCK; b++) {
        npy_intp i = first + (b < filled ? b : 0);
        const double *camera = cameras + CAMERA * observations[2 * i];
        const double *point = points + POINT * observations[2 * i + 1];
        for (int t = 0; t < CAMERA; t++)
            in->camera[t][b] = camera[t];
        for (int t = 0; t < POINT; t++)
            in->point[t][b] = point[t];
        in->weight[b] = weights[i];
        in->seen[0][b] = seen[2 * i];
        in->seen[1][b] = seen[2 * i + 1];
    }
    for (int b = 0; b < BLOCK; b++) {
        double x = in->camera[ROTATION][b], y = in->camera[ROTATION + 1][b], z = in->camera[ROTATION + 2][b];
        in->angle[b] = sqrt(x * x + y * y + z * z);
    }
    take_cosines(in->angle, in->cosine);
    take_sines(in->angle, in->sine);
}

typedef struct {
    double x, y, z;
} Vector;

static inline Vector add(Vector a, Vector b) { return (Vector){a.x + b.x, a.y + b.y, a.z + b.z}; }
static inline Vector scale(double factor, Vector a) { return (Vector){factor * a.x, factor * a.y, factor * a.z}; }
static inline double dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static inline Vector cross(Vector a, Vector b) {
    return (Vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/* The derivatives of one error by rotation, centre and point, from `g`, its derivative by the rotated point.
 *
 * The rotated point is cos X + sin (w x X) + (1 - cos) (w . X) w, of X = point - centre and the unit axis w.
 */
static inline void by_geometry(Blocks *out, int error, int b, Vector g, Vector X, Vector w, double inverse_angle,
                               double cosine, double sine) {
    double rest = 1 - cosine, along = dot(g, w), reach = dot(w, X);
    Vector by_point = add(add(scale(cosine, g), scale(sine, cross(g, w))), scale(along * rest, w));
    double by_angle = -sine * dot(g, X) + cosine * dot(g, cross(w, X)) + sine * along * reach;
    Vector by_axis = add(scale(sine, cross(X, g)), scale(rest, add(scale(reach, g), scale(along, X))));
    /* the axis is rotation / angle: its own derivative leaves only what is across it */
    Vector across = add(by_axis, scale(-dot(by_axis, w), w));
    Vector by_rotation = add(scale(by_angle, w), scale(inverse_angle, across));
    double(*camera)[BLOCK] = out->by_camera[error], (*point)[BLOCK] = out->by_point[error];
    camera[ROTATION][b] = by_rotation.x, camera[ROTATION + 1][b] = by_rotation.y;
    camera[ROTATION + 2][b] = by_rotation.z;
    camera[CENTRE][b] = -by_point.x, camera[CENTRE + 1][b] = -by_point.y, camera[CENTRE + 2][b] = -by_point.z;
    point[0][b] = by_point.x, point[1][b] = by_point.y, point[2][b] = by_point.z;
}

static void differentiate(const Inputs *in, Blocks *out) {
#pragma omp simd
    for (int b = 0; b < BLOCK; b++) {
        double inverse_angle = 1 / in->angle[b], cosine = in->cosine[b], sine = in->sine[b];
        Vector w = scale(inverse_angle, (Vector){in->camera[ROTATION][b], in->camera[ROTATION + 1][b],
                                                 in->camera[ROTATION + 2][b]});
        Vector X = {in->point[0][b] - in->camera[CENTRE][b], in->point[1][b] - in->camera[CENTRE + 1][b],
                    in->point[2][b] - in->camera[CENTRE + 2][b]};
        Vector seen = add(add(scale(cosine, X), scale(sine, cross(w, X))), scale(dot(w, X) * (1 - cosine), w));
        double inverse_depth = 1 / seen.z, px = seen.x * inverse_depth, py = seen.y * inverse_depth;
        double s = px * px + py * py, k1 = in->camera[RADIAL][b], k2 = in->camera[RADIAL + 1][b];
        double distortion = 1 + k1 * s + k2 * s * s, growth = 2 * (k1 + 2 * k2 * s);
        double focal = in->camera[FOCAL][b], weight = in->weight[b], zoom = weight * focal;
        /* errors by projection: a symmetric matrix */
        double xx = zoom * (distortion + px * px * growth), xy = zoom * px * py * growth;
        double yy = zoom * (distortion + py * py * growth);
        Vector first = {xx * inverse_depth, xy * inverse_depth, -(xx * px + xy * py) * inverse_depth};
        Vector second = {xy * inverse_depth, yy * inverse_depth, -(xy * px + yy * py) * inverse_depth};
        by_geometry(out, 0, b, first, X, w, inverse_angle, cosine, sine);
        by_geometry(out, 1, b, second, X, w, inverse_angle, cosine, sine);
        out->by_camera[0][FOCAL][b] = weight * px * distortion;
        out->by_camera[1][FOCAL][b] = weight * py * distortion;
        out->by_camera[0][PRINCIPAL][b] = out->by_camera[1][PRINCIPAL + 1][b] = weight;
        out->by_camera[0][PRINCIPAL + 1][b] = out->by_camera[1][PRINCIPAL][b] = 0;
        out->by_camera[0][RADIAL][b] = zoom * px * s, out->by_camera[1][RADIAL][b] = zoom * py * s;
        out->by_camera[0][RADIAL + 1][b] = zoom * px * s * s, out->by_camera[1][RADIAL + 1][b] = zoom * py * s * s;
        out->by_weight[0][b] = px * distortion * focal + in->camera[PRINCIPAL][b] - in->seen[0][b];
        out->by_weight[1][b] = py * distortion * focal + in->camera[PRINCIPAL + 1][b] - in->seen[1][b];
    }
}

/* (cameras, points, weights, observations, seen) -> derivatives by camera (n, 2, 11), point (n, 2, 3), weight (n, 2). */
LIMIT(bundle) {
    npy_intp n = size(arguments[2]);
    npy_intp camera_extents[3] = {n, 2, CAMERA}, point_extents[3] = {n, 2, POINT};
    PyObject *by_camera = PyArray_SimpleNew(3, camera_extents, NPY_DOUBLE);
    PyObject *by_point = PyArray_SimpleNew(3, point_extents, NPY_DOUBLE), *by_weight = new_matrix(n, 2);
    Inputs in __attribute__((aligned(64)));
    Blocks out __attribute__((aligned(64)));
    for (npy_intp first = 0; first < n; first += BLOCK) {
        npy_intp filled = n - first < BLOCK ? n - first : BLOCK;
        gather(&in, first, filled, numbers(arguments[0]), numbers(arguments[1]), numbers(arguments[2]),
               (const npy_int64 *)numbers(arguments[3]), numbers(arguments[4]));
        differentiate(&in, &out);
        double *camera = numbers(by_camera) + first * 2 * CAMERA, *point = numbers(by_point) + first * 2 * POINT;
        double *weight = numbers(by_weight) + first * 2;
        const double(*cameras)[BLOCK] = out.by_camera[0], (*points)[BLOCK] = out.by_point[0];
        for (npy_intp b = 0; b < filled; b++) {
            for (int t = 0; t < 2 * CAMERA; t++)
                camera[b * 2 * CAMERA + t] = cameras[t][b];
            for (int t = 0; t < 2 * POINT; t++)
                point[b * 2 * POINT + t] = points[t][b];
            weight[2 * b] = out.by_weight[0][b];
            weight[2 * b + 1] = out.by_weight[1][b];
        }
    }
    return Py_BuildValue("NNN", by_camera, by_point, by_weight);
}
