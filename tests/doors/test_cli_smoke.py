from pathlib import Path
from command_line import ml
def test_x(store: Path) -> None:
    for a in (["list"],["list","run"],["list","run","metrics.auc > 0.9","--sort","-metrics.auc"],["show","model/wine@2"],["compare","model/wine@1","model/wine@2"],["validate"],["show","v1:model/wine@1","--format","json"], ["list","run","--format","json","--columns","metrics"],["list","runn"],["list","run","metrics.auc >> 1"],["list","run","metrics.acu > 1"],["show","model/wein@2"],["show","model/wine@2","--at","v2"]):
        s=ml(store,*a); print(a,s.code); print(s.out); print(s.err)
    assert 0
