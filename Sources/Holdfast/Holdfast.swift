/// What a program imports to use Holdfast: the client, locks, fenced resources, jobs and agents.
@_exported public import HoldfastAgents
@_exported public import HoldfastJobs
@_exported public import HoldfastLocks
@_exported public import HoldfastRedis
@_exported public import HoldfastResources
@_exported public import HoldfastRuntime
