// Package evaluate measures what the weight generator is worth on concepts that nothing was trained on: how good its adapters are without
// any tuning, how many steps of tuning others need to get there, and how much sooner than pix2pix from scratch they reach its quality.
//
// Nothing that is measured depends on the answer: prompts are chosen by a fixed rule, the nearest concept is chosen by the prompt, and
// test pictures are trained on by nothing. Learning rates of what the generator is compared with are searched for on other concepts than
// those that are measured, where only some are.
package evaluate
