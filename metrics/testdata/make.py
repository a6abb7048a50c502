"""Writes reference values of SSIM, FID and KID. Run in this folder; made with scikit-image 0.19.3, SciPy 1.10.1, NumPy 1.24.2."""

import json

import numpy as np
from scipy import linalg
from skimage.metrics import structural_similarity


def noise(seed, *index):
    """Returns reproducible values in [0,1), as the test has them."""
    v = seed
    for i in index:
        v = (v * 1664525 + i * 1013904223 + 12345) % 2**32
        v = v ^ (v >> 15)
    return (v * 2654435761 % 2**32) / 2**32


def picture(kind, w, h):
    pix = np.zeros((h, w, 3))
    for y in range(h):
        for x in range(w):
            for c in range(3):
                smooth = (x * (3 + c) + y * (5 - c)) % 97 / 96
                pix[y, x, c] = {"smooth": smooth, "noise": noise(c, x, y), "mixed": 0.75 * smooth + 0.25 * noise(c, x, y)}[kind]
    return pix.astype(np.float32).astype(np.float64)


def ssim(first, second, w, h):
    value = structural_similarity(
        picture(first, w, h), picture(second, w, h), data_range=1, channel_axis=2, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, K1=0.01, K2=0.03)
    return {"first": first, "second": second, "w": w, "h": h, "ssim": value}


def features(seed, n, d):
    u = np.array([[noise(seed, i, j) for j in range(d)] for i in range(n)])
    return u + 0.5 * np.roll(u, 1, axis=1) * (1 + seed / 8)  # correlated, and of another scale for each seed


def fid(x, y):
    """As pytorch-fid has it."""
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = linalg.sqrtm(s1.dot(s2), disp=False)[0]
    m = x.mean(axis=0) - y.mean(axis=0)
    return float(m.dot(m) + np.trace(s1) + np.trace(s2) - 2 * np.trace(root.real))


def mmd(x, y):
    n, m = len(x), len(y)
    k = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    xx, yy = k(x, x), k(y, y)
    return float((xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * k(x, y).mean())


def distances(n, m, d):
    x, y = features(1, n, d), features(2, m, d)
    case = {"n": n, "m": m, "d": d, "fid": fid(x, y)}
    if n == m:
        case["kid"] = mmd(x, y)
    rows = [[0, 3, 4, 7, 9], [8, 1, 2, 6, 5]]
    case["rows"], case["mmd"] = rows, mmd(x[rows[0]], y[rows[1]])
    return case


json.dump({
    "ssim": [ssim("smooth", "mixed", 24, 17), ssim("smooth", "noise", 11, 11), ssim("noise", "mixed", 12, 30), ssim("mixed", "mixed", 16, 16)],
    "distances": [distances(120, 90, 8), distances(60, 60, 16), distances(12, 40, 24), distances(10, 10, 32), distances(24, 25, 24)],
}, open("reference.json", "w"), indent=1)
