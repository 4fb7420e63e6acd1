import json, time, os, sys, subprocess, pytest
from tests.quality.conftest import *
from tests.quality.test_alone import many_orders, alone
from tests.conftest import *
@pytest.mark.parametrize("n",[5_000_000])
def test_fig(shop, orders, n):
    if n: shop.land(orders, many_orders(orders, n))
    t=time.time(); d=alone("totesys.sales_order"); print("\nFIG",n,d.stdout.splitlines()[-1] if d.stdout else d.stderr[-800:],round(time.time()-t,1))
