/// A field of a job's hash: RQ's, or one of ours.
struct JobField: Hashable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
