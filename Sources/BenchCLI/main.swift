import PEFTBench
