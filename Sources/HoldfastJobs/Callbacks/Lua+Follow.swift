extension Lua {
    /// `follow(kind, queue, job, execution, again, value, reason)` makes the jobs that follow an outcome, from the
    /// job's record, which must still be there: the callback of `kind` (success, failure or stopped) on
    /// `<queue>.callbacks`, with ``CallbackCall``'s arguments; and unless it runs `again` after a failure, the webhooks
    /// on ``WebhookDelivery/queue``, with ``WebhookCall``'s. `value` and `reason` as in RQ's result stream, or nil.
    ///
    /// Their ids are made from the execution's, which is used once, so each outcome has each of them once.
    static let follow = """
        local function spawn(queue, id, name, arguments, description, timeout, retries, intervals, jitter)
          -- A foreign record may hold what can be decoded and not encoded again, such as 1e999: it must not end the
          -- script half-way through a batch.
          local valid, text = pcall(cjson.encode, arguments)
          if not valid then return end
          call('HSET', P .. ':job:' .. id, 'data', '[' .. cjson.encode(name) .. ', null, [], ' .. text .. ']',
            'origin', queue, 'status', 'queued', 'created_at', ISO, 'enqueued_at', ISO, 'description', description,
            'timeout', timeout, 'retries_left', retries, 'retry_intervals', intervals, 'hf_retry_jitter', jitter)
          call('SADD', P .. ':queues', P .. ':queue:' .. queue)
          call('RPUSH', P .. ':queue:' .. queue, id)
        end
        local function follow(kind, queue, job, execution, again, value, reason)
          local known = call('HMGET', P .. ':job:' .. job, kind .. '_callback_name', kind .. '_callback_timeout',
            'webhooks', 'enqueued_at') or {}
          if value == '' then value = nil end
          if known[1] and known[1] ~= '' then
            spawn(queue .. '.callbacks', execution .. '-' .. kind, known[1],
              { kind = kind, job_id = job, queue = queue, execution_id = execution, runs_again = again,
                return_value = value, exc_string = reason },
              known[1] .. ' (' .. kind .. ' of ' .. job .. ')', tonumber(known[2]) or 60, \(callbackRetries))
          end
          if not known[3] or kind == 'stopped' or (kind == 'failure' and again) then return end
          local valid, hooks = pcall(cjson.decode, known[3])
          if not valid or type(hooks) ~= 'table' then return end
          local event = kind == 'success' and 'finished' or 'failed'
          for index, hook in ipairs(hooks) do
            if type(hook) == 'table' and hook.job_status == event then
              spawn('\(WebhookDelivery.queue)', execution .. '-' .. event .. '-' .. index,
                '\(WebhookDelivery.function)',
                { hook = hook, job_id = job, queue = queue, enqueued_at = known[4] or nil, ended_at = ISO,
                  exc_string = reason },
                'webhook: ' .. job .. ' ' .. event, (tonumber(hook.timeout) or 10) + 30, \(webhookRetries))
            end
          end
        end

        """

    private static let callbackRetries = arguments(CallbackCall.retries)
    private static let webhookRetries = arguments(WebhookDelivery.retries)

    /// A policy as `spawn` takes it.
    private static func arguments(_ policy: RetryPolicy) -> String {
        "\(policy.maximum), '\(JSONList.write(policy.intervals.map(\.secondsRoundedUp)))', '\(policy.jitter)'"
    }
}
