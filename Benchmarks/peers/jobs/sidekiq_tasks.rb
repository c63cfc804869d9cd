# Sidekiq's job; run as a program it enqueues: ruby sidekiq_tasks.rb ONE_BY_ONE IN_BULK PAYLOAD
require "sidekiq"
require "json"

# Its redis gem warns of a change of its own otherwise, once a job.
Redis.sadd_returns_boolean = false if Redis.respond_to?(:sadd_returns_boolean=)

Sidekiq.configure_client { |config| config.redis = { url: ENV.fetch("BENCH_REDIS") } }
Sidekiq.configure_server { |config| config.redis = { url: ENV.fetch("BENCH_REDIS") } }
Sidekiq.logger.level = Logger::ERROR if Sidekiq.respond_to?(:logger)

class Nothing
  include(defined?(Sidekiq::Job) ? Sidekiq::Job : Sidekiq::Worker)

  def perform(number, text); end
end

if $PROGRAM_NAME == __FILE__
  single, bulk, payload = ARGV.map(&:to_i)
  text = "x" * payload
  clock = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
  start = clock.call
  single.times { |number| Nothing.perform_async(number, text) }
  middle = clock.call
  bulk.times.each_slice(1000) do |numbers|
    Sidekiq::Client.push_bulk("class" => Nothing, "args" => numbers.map { |number| [number, text] })
  end
  finish = clock.call
  puts JSON.generate("enqueue_per_s" => single / (middle - start), "bulk_enqueue_per_s" => bulk / (finish - middle))
end
