// Package base trains the generator that adapters attach to.
//
// A base is good if adapters can steer it far. So it is trained through them: its weights are shared by all seen
// concepts, each concept has an adapter of its own over the same frozen projections (package lora), and every step draws
// a few concepts and follows the gradient into the shared weights and into those concepts' adapters. (Shared weights
// and small parts per task: Rebuffi et al., "Learning multiple visual domains with residual adapters", arXiv 1705.08045.)
// A share of the draws is the identity, which has no adapter: that is what the base does by itself. The first steps draw
// nothing else, because to keep fine detail is what all concepts need.
//
// Data are procedural scenes and package teacher's edits of them, made when they are first needed. Concepts come from concept.Seen
// alone. All draws are functions of the seed and the step, so that a run that is killed and resumed ends with the same bits as one
// that was not.
package base
