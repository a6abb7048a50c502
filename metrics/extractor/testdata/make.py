"""Writes reference features of InceptionV3 as pytorch-fid has it, with made-up weights, from pictures resized as clean-fid does. Run in
this folder; made with PyTorch 1.13.0, Pillow 9.4.0, NumPy 1.24.2."""

import json

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image


def noise(seed, n):
    """Returns n reproducible values in [0,1), as the test has them."""
    v = (seed * 1664525 + np.arange(n, dtype=np.uint64) * 1013904223 + 12345) % 2**32
    v ^= v >> 15
    return v * 2654435761 % 2**32 / 2**32


def fnv(name):
    h = 2166136261
    for c in name.encode():
        h = (h ^ c) * 16777619 % 2**32
    return h


class Inception:
    def __init__(self, narrow):
        self.narrow, self.shapes = narrow, {}

    def tensor(self, name, *shape):
        self.shapes[name] = list(shape)
        u = noise(fnv(name), int(np.prod(shape))).reshape(shape)
        if name.endswith("conv.weight"):
            u = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
        elif name.endswith("bn.weight"):
            u = 0.75 + 0.5 * u
        elif name.endswith("running_var"):
            u = 0.5 + u
        else:
            u = 0.2 * u - 0.1
        return torch.from_numpy(u.astype(np.float32))

    def conv(self, x, name, out, kernel, stride=1, padding=0):
        out //= self.narrow
        kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        x = F.conv2d(x, self.tensor(name + ".conv.weight", out, x.shape[1], *kernel), stride=stride, padding=padding)
        x = F.batch_norm(
            x, self.tensor(name + ".bn.running_mean", out), self.tensor(name + ".bn.running_var", out),
            self.tensor(name + ".bn.weight", out), self.tensor(name + ".bn.bias", out), eps=0.001)
        return F.relu(x)

    def mean(self, x):
        return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)

    def a(self, x, name, pool):
        c = lambda x, branch, *args, **kw: self.conv(x, name + ".branch" + branch, *args, **kw)
        five = c(c(x, "5x5_1", 48, 1), "5x5_2", 64, 5, padding=2)
        three = c(c(c(x, "3x3dbl_1", 64, 1), "3x3dbl_2", 96, 3, padding=1), "3x3dbl_3", 96, 3, padding=1)
        return torch.cat([c(x, "1x1", 64, 1), five, three, c(self.mean(x), "_pool", pool, 1)], 1)

    def b(self, x, name):
        c = lambda x, branch, *args, **kw: self.conv(x, name + ".branch" + branch, *args, **kw)
        three = c(c(c(x, "3x3dbl_1", 64, 1), "3x3dbl_2", 96, 3, padding=1), "3x3dbl_3", 96, 3, stride=2)
        return torch.cat([c(x, "3x3", 384, 3, stride=2), three, F.max_pool2d(x, 3, 2)], 1)

    def c(self, x, name, inside):
        c = lambda x, branch, *args, **kw: self.conv(x, name + ".branch" + branch, *args, **kw)
        wide, tall = dict(kernel=(1, 7), padding=(0, 3)), dict(kernel=(7, 1), padding=(3, 0))
        once = c(c(c(x, "7x7_1", inside, 1), "7x7_2", inside, **wide), "7x7_3", 192, **tall)
        twice = c(c(x, "7x7dbl_1", inside, 1), "7x7dbl_2", inside, **tall)
        twice = c(c(c(twice, "7x7dbl_3", inside, **wide), "7x7dbl_4", inside, **tall), "7x7dbl_5", 192, **wide)
        return torch.cat([c(x, "1x1", 192, 1), once, twice, c(self.mean(x), "_pool", 192, 1)], 1)

    def d(self, x, name):
        c = lambda x, branch, *args, **kw: self.conv(x, name + ".branch" + branch, *args, **kw)
        three = c(c(x, "3x3_1", 192, 1), "3x3_2", 320, 3, stride=2)
        seven = c(c(x, "7x7x3_1", 192, 1), "7x7x3_2", 192, (1, 7), padding=(0, 3))
        seven = c(c(seven, "7x7x3_3", 192, (7, 1), padding=(3, 0)), "7x7x3_4", 192, 3, stride=2)
        return torch.cat([three, seven, F.max_pool2d(x, 3, 2)], 1)

    def e(self, x, name, pool):
        c = lambda x, branch, *args, **kw: self.conv(x, name + ".branch" + branch, *args, **kw)
        fork = lambda x, branch: [c(x, branch + "a", 384, (1, 3), padding=(0, 1)), c(x, branch + "b", 384, (3, 1), padding=(1, 0))]
        three = fork(c(x, "3x3_1", 384, 1), "3x3_2")
        double = fork(c(c(x, "3x3dbl_1", 448, 1), "3x3dbl_2", 384, 3, padding=1), "3x3dbl_3")
        return torch.cat([c(x, "1x1", 320, 1), *three, *double, c(pool(x), "_pool", 192, 1)], 1)

    def features(self, x):
        x = self.conv(x, "Conv2d_1a_3x3", 32, 3, stride=2)
        x = self.conv(x, "Conv2d_2a_3x3", 32, 3)
        x = F.max_pool2d(self.conv(x, "Conv2d_2b_3x3", 64, 3, padding=1), 3, 2)
        x = self.conv(x, "Conv2d_3b_1x1", 80, 1)
        x = F.max_pool2d(self.conv(x, "Conv2d_4a_3x3", 192, 3), 3, 2)
        for name, pool in [("5b", 32), ("5c", 64), ("5d", 64)]:
            x = self.a(x, "Mixed_" + name, pool)
        x = self.b(x, "Mixed_6a")
        for name, inside in [("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)]:
            x = self.c(x, "Mixed_" + name, inside)
        x = self.d(x, "Mixed_7a")
        x = self.e(x, "Mixed_7b", self.mean)
        x = self.e(x, "Mixed_7c", lambda x: F.max_pool2d(x, 3, 1, 1))
        return F.adaptive_avg_pool2d(x, 1).flatten().double().numpy()


def picture(seed, w, h):
    return noise(seed, h * w * 3).reshape(h, w, 3).astype(np.float32)


def resized(m, size):
    """As clean-fid has it, from samples in [0,1]."""
    channels = []
    for c in range(3):
        channel = Image.fromarray(m[:, :, c] * np.float32(255), mode="F").resize((size, size), resample=Image.BICUBIC)
        channels.append(np.asarray(channel).clip(0, 255))
    return np.stack(channels)


def case(narrow, seed, w, h, size, every):
    network = Inception(narrow)
    x = torch.from_numpy((resized(picture(seed, w, h), size) - 128) / 128)[None]
    values = network.features(x)
    case = {"narrow": narrow, "seed": seed, "w": w, "h": h, "size": size, "every": every, "features": values[::every].tolist()}
    if narrow == 1:
        case["shapes"] = network.shapes
    return case


torch.set_num_threads(1)
with torch.no_grad():
    cases = [case(16, 1, 23, 17, 299, 1), case(16, 2, 340, 310, 299, 1), case(16, 3, 75, 75, 75, 1), case(1, 4, 75, 75, 75, 64)]
shapes = cases[-1].pop("shapes")
json.dump({"cases": cases, "shapes": shapes}, open("inception.json", "w"))
