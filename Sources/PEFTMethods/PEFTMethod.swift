import PEFTCore
