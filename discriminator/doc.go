// Package discriminator trains the discriminator that adversarial tuning of generated weights starts from.
//
// Tuning is over before a discriminator that begins with random weights has learnt anything. This one has been through many tunings: seen
// concepts follow each other, for each the weight generator makes a network, this network and the discriminator are trained against each
// other for a few steps, and the discriminator goes on to the next concept. What it keeps is what they have in common, and what lets it
// learn the next one soon (Nichol et al., "On First-Order Meta-Learning Algorithms", arXiv 1803.02999, is about such starts).
package discriminator
