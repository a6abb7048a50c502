// Package evaluate measures what the weight generator is worth on concepts that nothing was trained on: how good its adapters are without
// any tuning, how many steps of tuning others need to get there, and how much sooner than pix2pix from scratch they reach its quality.
//
// Nothing that is measured depends on the answer: prompts are chosen by a fixed rule, the nearest concept is chosen by the prompt, and
// test pictures are trained on by nothing. Learning rates of what the generator is compared with are searched for on other concepts than
// those that are measured, where only some are; those of the trained adapters on each kind of pictures.
//
// From scratch there are two opponents: pix2pix as published, and the best recipe found, which may have no discriminator, for quality
// is PSNR, or small batches, which are what tuning has. A recipe is searched in a schedule of a quarter of the steps, at the end of which its rate has fallen to 0 as well. Only their steps
// are timed. The time from a text begins with reading the models, from files that the system may have in memory, and includes all
// compiling; measuring is left out on both sides.
//
// How generated weights are tuned in the race is not searched for: they get [tune.DefaultSettings], as everyone's do, which were
// found on seen concepts, as that package tells, and are recorded in the report's configuration as "warm". Where steps are counted, the rate is searched for, as it is for
// the other side.
//
// [RunContest] compares all ways to a network at once, by more pictures and more metrics: FID and KID of the set of pictures that a network
// makes against that of their targets, PSNR and SSIM. What is generated and what it is compared with get the same budget of tuning; the
// zero adapter, which is E2GAN's start, gets the time to generate weights as well, and rates of its own. [RunNovelty] tells generated
// weights from copies of those that were learnt from.
package evaluate
