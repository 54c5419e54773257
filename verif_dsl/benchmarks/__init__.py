"""Benchmarks of instruction following, in and out: IFEval, IFTrain and IFBench.

`ids` knows their instructions and the constraints that port them, `prompts` and `responses` read their files, `grading`
gives the strict and the loose verdicts, `figures` the accuracies, and `importing` writes prompts as .vif source or as
rows to train on.
"""

BENCHMARKS = ("ifeval", "iftrain", "ifbench")
"""Those whose files can be read. They differ in their conventions; any of their instructions may stand in each."""
