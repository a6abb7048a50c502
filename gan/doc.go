// Package gan holds the image-to-image networks and their training: pix2pix as published (Isola et al.,
// arXiv 1611.07004) with the ResNet-9 and U-Net-256 generators and the 70x70 PatchGAN, and mini, a small
// generator that trains on a CPU in seconds.
//
// A [Config] (see [Presets]) says what to train; [Train] is the loop with checkpoints, logs and sample sheets;
// [Trainer] is a single training step; [Model] applies a trained generator to pictures.
//
// A training run depends on its Config, its data and the backend's arithmetic alone. Initial weights, data
// order and dropout masks are functions of the seed and the step, so that a run that is killed and resumed
// ends with the same bits as one that was not.
package gan
