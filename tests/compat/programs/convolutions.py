"""autograd's convolve: along some axes, summed over others, and differentiated by both arrays."""

import autograd.numpy as np
import autograd.scipy.signal
from autograd import grad, jacobian

convolve = autograd.scipy.signal.convolve

rs = np.random.RandomState(1)
images, kernels = rs.randn(2, 3, 6, 5), rs.randn(3, 4, 2, 3)
axes, dot_axes = ([2, 3], [2, 3]), ([1], [0])
long, short = rs.randn(7), rs.randn(3)
weights = rs.randn(2, 4, 5, 3)


def layer(images, kernels, mode="valid"):
    return convolve(images, kernels, axes=axes, dot_axes=dot_axes, mode=mode)


def result():
    return {
        "valid": layer(images, kernels),
        "full": layer(images, kernels, "full"),
        "by kernels": grad(lambda k: np.sum(weights * layer(images, k)))(kernels),
        "by images": grad(lambda x: np.sum(weights * layer(x, kernels)))(images),
        "1d full": convolve(long, short),
        "1d valid": convolve(long, short, mode="valid"),
        "1d valid, turned": convolve(short, long, mode="valid"),
        "1d same": convolve(long, short, mode="same"),
        "jacobian": jacobian(lambda b: convolve(long, b, mode="valid"))(short),
        "jacobian of same": jacobian(lambda b: convolve(long, b, mode="same"))(short),
    }


def direct(images, kernels):
    """The full convolution, term by term."""
    (n, _, h, w), (_, m, p, q) = images.shape, kernels.shape
    out = np.zeros((n, m, h + p - 1, w + q - 1))
    for i in range(p):
        for j in range(q):
            out[:, :, i : i + h, j : j + w] += np.einsum("nchw,cm->nmhw", images, kernels[:, :, i, j])
    return out


def expected():
    full = direct(images, kernels)
    by_kernels, by_images = np.zeros_like(kernels), np.zeros_like(images)
    for i in range(2):
        for j in range(3):
            part = images[:, :, 1 - i : 6 - i, 2 - j : 5 - j]
            by_kernels[:, :, i, j] = np.einsum("nchw,nmhw->cm", part, weights)
            by_images[:, :, 1 - i : 6 - i, 2 - j : 5 - j] += np.einsum("nmhw,cm->nchw", weights, kernels[:, :, i, j])
    return {
        "valid": full[:, :, 1:6, 2:5],
        "full": full,
        "by kernels": by_kernels,
        "by images": by_images,
        "1d full": np.convolve(long, short),
        "1d valid": np.convolve(long, short, "valid"),
        "1d valid, turned": np.convolve(long, short, "valid"),
        "1d same": np.convolve(long, short, "same"),
        "jacobian": np.array([[long[i + 2 - k] for k in range(3)] for i in range(5)]),
        "jacobian of same": np.array(
            [[np.append(long, 0.0)[i + 1 - k] if i + 1 - k >= 0 else 0.0 for k in range(3)] for i in range(7)]
        ),
    }
