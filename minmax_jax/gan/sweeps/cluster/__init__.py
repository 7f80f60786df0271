"""The executor on a Dask cluster.

Dask schedules the tasks, and repeats the tasks of lost workers.

site         a sweep, as its workers must see it, and the checks of a worker
devices      accelerators and processor cores of each worker on this machine
admission    checks the workers before anything is written
plugin       checks the workers that join, and tells tasks to stop
remote       trains one task in a worker
connection   starts or connects a cluster
live_table   shows the state, step and worker of each run
roster       tells which workers join and are lost
coordinator  submits the tasks and waits for them
"""
