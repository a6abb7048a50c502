package loop

var native = generic

// available are the kernels that this machine can run.
func available() []*kernels { return []*kernels{&generic} }
