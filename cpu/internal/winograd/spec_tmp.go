package winograd

type convSpec struct {
	Batch                                              int
	In, Out, Kernel, Stride, Dilation, PadLow, PadHigh [2]int
	Cin, Cout, Groups                                  int
}
