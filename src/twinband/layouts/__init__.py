"""Writers of the sample world in the on-disk layouts of public sets, one module each."""
