import HoldfastProcess

extension ClusterDirectoryOption {
    var path: String {
        if let dir { return dir }
        let variable = Environment.variable("HOLDFAST_DIR") ?? ""
        return variable.isEmpty ? ConnectionOptions.defaultDirectory : variable
    }
}
