$Common += {
    $global:RdpTcp = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'

    # Values of a key that are lower than TLS and NLA want.
    function global:Find-LowValue {
        param([string] $Path)
        foreach ($Pair in @(@('SecurityLayer', 2), @('UserAuthentication', 1))) {
            $Entry = Read-RegistryValue -Path $Path -Name $Pair[0]
            if ($Entry.Exists -and ([int]$Entry.Value -lt $Pair[1])) {
                [pscustomobject]@{ Before = $Entry; Value = $Pair[1]; Text = "$($Pair[0]) is $($Entry.Value)" }
            }
        }
    }
}

$Check = {
    param($Settings)
    $ByPolicy = @(Find-LowValue -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' | ForEach-Object { $_.Text })
    $Wrong = @(Find-LowValue -Path $RdpTcp)
    # A host that demands TLS, and whose key does not work, is out of reach.
    $Fault = Find-ListenerFault
    $Reason = if ($ByPolicy.Count -gt 0) { "set by policy: $($ByPolicy -join ', '); change it there, it beats the listener" }
    elseif ($Wrong.Count -eq 0) { 'TLS and NLA are demanded' }
    elseif ($Fault) { "not before its certificate works (R1, R2, R4): $Fault" }
    else { ($Wrong | ForEach-Object { $_.Text }) -join ', ' }
    [pscustomobject]@{
        Policy      = $ByPolicy -join '; '
        Certificate = if ($Fault) { [string]$Fault } else { 'its key can be read' }
        Saved       = ConvertTo-Saved -Values @($Wrong | ForEach-Object { $_.Before })
        Needed      = ($Wrong.Count -gt 0) -and (-not $Fault) -and ($ByPolicy.Count -eq 0)
        Reason      = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Wrong = @(Find-LowValue -Path $RdpTcp)
    foreach ($Item in $Wrong) {
        New-ItemProperty -LiteralPath $Item.Before.Path -Name $Item.Before.Name -Value $Item.Value -PropertyType DWord -Force | Out-Null
    }
    "raised; before: $(($Wrong | ForEach-Object { $_.Text }) -join ', ')"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    Restore-RegistryValue -Saved $Saved
}
