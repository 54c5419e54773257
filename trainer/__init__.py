"""Training on verdicts: TRL's GRPO, rewarded by a .vif file. `verif_dsl.trainer.train.train` runs a configuration."""
