// Package base trains the generator that adapters attach to.
//
// A base is good if adapters can steer it far. So it is trained through them: its weights are shared by all seen concepts, and a small
// network, the condition, makes each concept's adapter, over the frozen projections of package lora, of what the concept consists of. Every
// step draws a few concepts and follows the gradient into the shared weights and into the condition. (Shared weights and small parts per
// task: Rebuffi et al., "Learning multiple visual domains with residual adapters", arXiv 1705.08045; weights made by a network: Ha et al.,
// "HyperNetworks", arXiv 1609.09106.) A share of the draws is the identity, which has no adapter: that is what the base does by itself. The
// first steps draw nothing else, because to keep fine detail is what all concepts need.
//
// Concepts come from concept.Seen alone, pictures from package corpus. All draws are functions of the seed and the step, so that a run that is
// killed and resumed ends with the same bits as one that was not.
package base
