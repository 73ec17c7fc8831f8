$Check = {
    param($Settings)
    $System = Get-CimInstance -ClassName Win32_OperatingSystem
    # Below 10240 all general support has ended; above, it depends on edition and channel.
    $Old = [int]$System.BuildNumber -lt 10240
    [pscustomobject]@{
        System    = $System.Caption
        Build     = "$($System.Version), $($System.OSArchitecture)"
        Installed = $System.InstallDate.ToString('yyyy-MM-dd')
        Started   = $System.LastBootUpTime.ToUniversalTime().ToString('u')
        Needed    = $Old
        Reason    = if ($Old) { "$($System.Caption) gets no updates, unless they are paid for" } else { "$($System.Caption), build $($System.BuildNumber): look it up in Microsoft's lifecycle pages" }
    }
}
