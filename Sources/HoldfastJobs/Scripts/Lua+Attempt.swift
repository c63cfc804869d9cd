extension Lua {
    /// `attempt(body, …)` does `body(…)` for one entry of a batch; what goes wrong there does not end the script: it
    /// returns nil, and `trouble` keeps the first error. Needs lenient.
    static let attempt = """
        local function attempt(body, ...)
          local fine, reply = pcall(body, ...)
          if fine then return reply end
          if trouble == '' then trouble = type(reply) == 'table' and reply.err or tostring(reply) end
          return nil
        end

        """
}
