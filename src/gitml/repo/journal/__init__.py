"""The journal of runs: what each of them has said so far, in a folder of its own, in lines that are only added."""
