"""The PyTorch side of the benchmarks: the same networks, the same training step, the same weights.

Each line on standard input is a request as JSON, each line on standard output the answer; bench/protocol.go
describes both. The networks mirror gan/network.go and gan/mini.go by the names of their parameters, which are
read from the same safetensors files. Images are [batch, channels, height, width] here, PyTorch's own order.
"""

import argparse
import json
import statistics
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

# ---------------------------------------------------------------------------------------------------------------
# Files


def read_safetensors(path):
    """Returns the metadata and the float32 tensors of a file, as numpy arrays."""
    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        data = f.read()
    meta = header.pop("__metadata__", {})
    tensors = {}
    for name, t in header.items():
        if t["dtype"] != "F32":
            raise ValueError(f"{path}: tensor {name} is {t['dtype']}, only F32 is read")
        begin, end = t["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(t["shape"])
    return meta, tensors


def write_safetensors(path, name, array):
    """Writes one float32 array."""
    array = np.ascontiguousarray(array, "<f4")
    entry = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [0, array.nbytes]}
    header = json.dumps({name: entry}).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + array.tobytes())


def to_torch_order(array):
    """Converts a parameter from our axis order to PyTorch's.

    Convolutions are [height, width, in, out], transposed ones [height, width, out, in], and become
    [out, in, height, width] and [in, out, height, width]; dense layers are [in, out] and become [out, in].
    """
    if array.ndim == 4:
        array = array.transpose(3, 2, 0, 1)
    elif array.ndim == 2:
        array = array.transpose(1, 0)
    return torch.from_numpy(np.array(array, order="C"))  # a copy: what was read from a file cannot be written to


def to_images(array):
    """[n, height, width, channels] to [n, channels, height, width]."""
    return torch.from_numpy(np.array(array.transpose(0, 3, 1, 2), order="C"))


# ---------------------------------------------------------------------------------------------------------------
# Networks: functions of the parameters p, by name, and an image x


def conv(p, name, x, stride=1, pad=0):
    return F.conv2d(x, p[name + ".weight"], p.get(name + ".bias"), stride, pad)


def up(p, name, x, pad=1, extra=0):
    return F.conv_transpose2d(x, p[name + ".weight"], p.get(name + ".bias"), 2, pad, extra)


def norm(p, name, x):
    return F.instance_norm(x, weight=p.get(name + ".scale"), bias=p.get(name + ".shift"), eps=1e-5)


def relu(x):
    return F.relu(x, inplace=True)


def leaky(x):
    return F.leaky_relu(x, 0.2, inplace=True)


def reflect(x, pad):
    return F.pad(x, (pad, pad, pad, pad), mode="reflect")


def resnet(p, x, config, dropout):
    plain = lambda x: relu(norm(p, "", x))
    x = plain(conv(p, "first", reflect(x, 3)))
    x = plain(conv(p, "down1", x, 2, 1))
    x = plain(conv(p, "down2", x, 2, 1))
    for i in range(1, config["depth"] + 1):
        y = plain(conv(p, f"block{i}.a", reflect(x, 1)))
        x = x + norm(p, "", conv(p, f"block{i}.b", reflect(y, 1)))
    x = plain(up(p, "up1", x, 1, 1))
    x = plain(up(p, "up2", x, 1, 1))
    return torch.tanh(conv(p, "last", reflect(x, 3)))


def unet(p, x, config, dropout):
    depth, skips = config["depth"], []
    for i in range(depth):
        if i > 0:
            x = leaky(x)  # in place, also for the skip: the ReLU behind the skip makes it no difference
        x = conv(p, f"down{i + 1}", x, 2, 1)
        if 0 < i < depth - 1:
            x = norm(p, "", x)
        skips.append(x)
    for i in range(depth - 1, 0, -1):
        x = norm(p, "", up(p, f"up{i + 1}", F.relu(x)))
        if depth - 4 <= i < depth - 1:
            x = dropout(x)
        x = torch.cat([skips[i - 1], x], 1)
    return torch.tanh(up(p, "up1", F.relu(x)))


# Along one axis, input pixel i of a doubled and 3x3-convolved image reaches the outputs 2i-1 ... 2i+2 with these sums of taps.
TAPS = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])


def mini(p, x, config, dropout):
    def block(name, x, stride=1):
        return norm(p, name, conv(p, name, reflect(x, 1), stride))

    def residual(name, x):
        return x + block(name + ".b", relu(block(name + ".a", x)))

    def upsampled(name, x):
        """Doubles x and convolves it: one image as it stands, more of them as one transposed convolution (see nn.UpConv2D).
        Each is the faster form here for that case."""
        if len(x) == 1:
            return block(name, F.interpolate(x, scale_factor=2))
        kernel = torch.einsum("at,bu,oitu->ioab", TAPS, TAPS, p[name + ".weight"])
        return norm(p, name, F.conv_transpose2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, None, 2, 3))

    s = relu(conv(p, "stem", x, 1, 1))
    d1 = relu(norm(p, "down1", conv(p, "down1", s, 2, 1)))
    d2 = relu(block("down2", d1, 2))
    d2 = residual("res2", residual("res1", d2))
    y = transformer(p, "transformer", relu(block("down3", d2, 2)))
    y = residual("res3", relu(upsampled("up1", y)) + d2)
    y = relu(upsampled("up2", y)) + d1
    y = relu(upsampled("up3", y))
    y = relu(conv(p, "head", torch.cat([y, s], 1), 1, 1))
    return torch.tanh(conv(p, "last", y, 1, 1))


def transformer(p, name, x):
    b, c, h, w = x.shape
    heads = max(c // 32, 1)
    linear = lambda part, x: F.linear(x, p[f"{name}.{part}.weight"], p.get(f"{name}.{part}.bias"))
    layer_norm = lambda part, x: F.layer_norm(x, (c,), p[f"{name}.{part}.scale"], p[f"{name}.{part}.shift"], 1e-5)
    split = lambda x: x.view(b, -1, heads, c // heads).transpose(1, 2)  # [batch, heads, positions, channels/heads]

    x = x.flatten(2).transpose(1, 2)  # [batch, positions, channels]
    y = cells = layer_norm("norm1", x)
    cell = (-(-h // 8), -(-w // 8))
    if cell != (1, 1):
        image = y.transpose(1, 2).reshape(b, c, h, w)
        cells = F.avg_pool2d(image, cell).flatten(2).transpose(1, 2)
    q, k, v = split(linear("attention.query", y)), split(linear("attention.key", cells)), split(linear("attention.value", cells))
    a = torch.softmax((q * (c // heads) ** -0.5) @ k.transpose(-2, -1), -1)
    x = x + linear("attention.out", (a @ v).transpose(1, 2).reshape(b, -1, c))
    x = x + linear("narrow", F.gelu(linear("wide", layer_norm("norm2", x))))
    return x.transpose(1, 2).reshape(b, c, h, w)


def patchgan(p, x, config):
    layers = config["disc_layers"]
    for i in range(layers + 1):
        x = conv(p, f"conv{i + 1}", x, 1 if i == layers else 2, 1)
        x = leaky(norm(p, "", x) if i > 0 else x)
    return conv(p, "last", x, 1, 1)


GENERATORS = {"mini": mini, "resnet": resnet, "unet": unet}

# ---------------------------------------------------------------------------------------------------------------
# Training


class Trainer:
    """pix2pix's training step, in the order of its published PyTorch code."""

    def __init__(self, path):
        meta, tensors = read_safetensors(path)
        self.config = json.loads(meta["config"])
        if int(meta["step"]) != 0 or self.config["ema"] != 0:
            raise ValueError(f"{path}: the peer starts from step 0 and keeps no average")
        part = lambda prefix: {
            name[len(prefix):]: to_torch_order(t).requires_grad_() for name, t in tensors.items() if name.startswith(prefix)
        }
        self.gen, self.disc = part("generator/"), part("discriminator/")
        betas = (self.config["beta1"], self.config["beta2"])
        self.opt_gen = torch.optim.Adam(self.gen.values(), self.config["lr"], betas)
        self.opt_disc = torch.optim.Adam(self.disc.values(), self.config["disc_lr"], betas)
        self.done, self.masks = 0, []

    def generate(self, x, train):
        masks = iter(self.masks)

        def dropout(x):
            if not train:
                return x
            mask = next(masks, None)
            return F.dropout(x) if mask is None else x * mask

        return GENERATORS[self.config["generator"]](self.gen, x, self.config, dropout)

    def adversarial(self, logits, real):
        target = torch.full_like(logits, float(real))
        if self.config["loss"] == "lsgan":
            return F.mse_loss(logits, target)
        return F.binary_cross_entropy_with_logits(logits, target)

    def judge(self, real, generated):
        """The discriminator's logits. A single pair of each goes through it faster as a batch of two; more do not."""
        if len(real) > 1:
            return patchgan(self.disc, real, self.config), patchgan(self.disc, generated, self.config)
        return patchgan(self.disc, torch.cat([real, generated]), self.config).chunk(2)

    def set_rates(self):
        left, decay = self.config["steps"] - self.done, self.config["decay_steps"]
        rate = max(left / decay, 0) if left < decay else 1
        self.opt_gen.param_groups[0]["lr"] = self.config["lr"] * rate
        self.opt_disc.param_groups[0]["lr"] = self.config["disc_lr"] * rate

    def step(self, x, y):
        """Trains on one batch and returns the losses (generator's adversarial, L1, discriminator's real and fake)."""
        self.set_rates()
        fake = self.generate(x, True)
        for p in self.disc.values():
            p.requires_grad_(True)
        self.opt_disc.zero_grad(set_to_none=True)
        real, generated = self.judge(torch.cat([x, y], 1), torch.cat([x, fake.detach()], 1))
        loss_real, loss_fake = self.adversarial(real, True), self.adversarial(generated, False)
        ((loss_real + loss_fake) * 0.5).backward()
        self.opt_disc.step()

        for p in self.disc.values():
            p.requires_grad_(False)
        self.opt_gen.zero_grad(set_to_none=True)
        loss_gan = self.adversarial(patchgan(self.disc, torch.cat([x, fake], 1), self.config), True)
        loss_l1 = F.l1_loss(fake, y)
        (loss_gan + loss_l1 * self.config["lambda_l1"]).backward()
        self.opt_gen.step()
        self.done += 1
        return [loss_gan.item(), loss_l1.item(), loss_real.item(), loss_fake.item()]

    def train(self, path, order=None):
        """A step on each batch of a file, or on batches of its rows in the given order; returns the losses and the seconds of all steps.

        Tensors dropout.i [steps*batch, ...] in it replace the random masks.
        """
        _, t = read_safetensors(path)
        n, losses = self.config["batch"], []
        x, y = to_images(t["x"]), to_images(t["y"])
        order = torch.tensor(range(len(x)) if order is None else order)
        names = sorted((k for k in t if k.startswith("dropout.")), key=lambda k: int(k.split(".")[1]))
        begin = time.perf_counter()
        for i in range(0, len(order) - n + 1, n):
            rows = order[i:i + n]
            self.batch = x[rows], y[rows]
            self.masks = [to_images(t[k][i:i + n]) for k in names]
            losses.append(self.step(*self.batch))
        return losses, time.perf_counter() - begin

    def steps(self, n):
        durations = []
        for _ in range(n):
            begin = time.perf_counter()
            self.step(*self.batch)
            durations.append(time.perf_counter() - begin)
        return durations

    def apply(self, path, out):
        _, t = read_safetensors(path)
        with torch.no_grad():
            y = torch.cat([self.generate(to_images(t["x"][i:i + 1]), False) for i in range(len(t["x"]))])
        write_safetensors(out, "y", y.permute(0, 2, 3, 1).numpy())


# ---------------------------------------------------------------------------------------------------------------
# Single operations: each returns a function to time


def gemm(op):
    m, n, k = op["m"], op["n"], op["k"]
    a = torch.rand(k, m).t() if op.get("trans_a") else torch.rand(m, k)
    b = torch.rand(n, k).t() if op.get("trans_b") else torch.rand(k, n)
    c = torch.empty(m, n)
    return lambda: torch.mm(a, b, out=c)


def convolution(op):
    k, stride, pad = op["kernel"], op["stride"], op.get("pad", 0)
    size = [op["width"]] if op["height"] == 1 else [op["height"], op["width"]]
    axes, forward = len(size), F.conv1d if op["height"] == 1 else F.conv2d
    x, w = torch.rand(op["batch"], op["in"], *size), torch.rand(op["out"], op["in"], *[k] * axes)
    dy = torch.rand_like(forward(x, w, None, stride, pad))

    def call():
        forward(x, w, None, stride, pad)
        torch.ops.aten.convolution_backward(
            dy, x, w, None, [stride] * axes, [pad] * axes, [1] * axes, False, [0] * axes, 1, [True, True, False])

    return call


def adam(op):
    weights = [torch.rand(op["size"] // 64).requires_grad_() for _ in range(64)]
    for w in weights:
        w.grad = torch.rand_like(w)
    return torch.optim.Adam(weights, 2e-4, (0.5, 0.999)).step


def instance_norm_relu(op):
    x = torch.rand(op["batch"], op["in"], op["height"], op["width"]).requires_grad_()
    scale, shift = torch.rand(op["in"]).requires_grad_(), torch.rand(op["in"]).requires_grad_()
    dy = torch.rand_like(x)
    return lambda: torch.autograd.grad(relu(F.instance_norm(x, weight=scale, bias=shift)), [x, scale, shift], dy)


def softmax(op):
    x = torch.rand(op["m"], op["n"])
    return lambda: torch.softmax(x, -1)


OPS = {"gemm": gemm, "conv": convolution, "adam": adam, "instance_norm_relu": instance_norm_relu, "softmax": softmax}

# ---------------------------------------------------------------------------------------------------------------
# Requests


class Worker:
    def __init__(self):
        self.op = self.call = self.trainer = None

    def answer(self, r):
        return getattr(self, "do_" + r["cmd"])(r) or {}

    def do_hello(self, r):
        capability = [line.split()[-1] for line in torch.__config__.show().splitlines() if "CPU capability" in line]
        return {"name": "PyTorch", "version": torch.__version__, "detail": " ".join(capability)}

    def do_time(self, r):
        if self.op != r["op"]:
            self.op, self.call = r["op"], OPS[r["op"]["kind"]](r["op"])
            for _ in range(3):
                self.call()
        durations, begin = [], time.perf_counter()
        while time.perf_counter() - begin < r["seconds"] or len(durations) < 3:
            t = time.perf_counter()
            self.call()
            durations.append(time.perf_counter() - t)
        return {"median": statistics.median(durations)}

    def do_load(self, r):
        self.trainer = Trainer(r["file"])

    def do_train(self, r):
        losses, seconds = self.trainer.train(r["file"], r.get("order"))
        return {"losses": losses, "seconds": seconds}

    def do_steps(self, r):
        return {"durations": self.trainer.steps(r["n"])}

    def do_apply(self, r):
        self.trainer.apply(r["file"], r["out"])

    def do_memory(self, r):
        with open("/proc/self/status") as f:
            peak = next(line for line in f if line.startswith("VmHWM:"))
        return {"peak_bytes": int(peak.split()[1]) * 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="number of threads")
    torch.set_num_threads(parser.parse_args().threads)
    worker = Worker()
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as e:  # whatever it is, the other side is told and may go on
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
