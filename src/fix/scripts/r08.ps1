$Common += {
    $global:Server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'

    # Values that keep the listener from listening, and what each should be.
    function global:Find-WrongValue {
        $Entry = Read-RegistryValue -Path $Server -Name fDenyTSConnections
        if ($Entry.Exists -and ($Entry.Value -ne 0)) { [pscustomobject]@{ Before = $Entry; Value = 0; Text = 'Remote Desktop is switched off' } }
        $Entry = Read-RegistryValue -Path "$Server\WinStations\RDP-Tcp" -Name fEnableWinStation
        if ($Entry.Exists -and ($Entry.Value -ne 1)) { [pscustomobject]@{ Before = $Entry; Value = 1; Text = 'the listener is switched off' } }
    }

    # Its services that do not run.
    function global:Find-Stopped {
        Get-CimInstance -ClassName Win32_Service -Filter "Name='TermService' OR Name='UmRdpService'" | Where-Object { $_.State -ne 'Running' }
    }
}

$Check = {
    param($Settings)
    $Policy = Read-RegistryValue -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' -Name fDenyTSConnections
    $Wrong = @(Find-WrongValue)
    $Stopped = @(Find-Stopped)
    # Disabled is a decision, unlike stopped.
    $Disabled = @($Stopped | Where-Object { $_.StartMode -eq 'Disabled' } | ForEach-Object { $_.Name })
    $Text = @($Wrong | ForEach-Object { $_.Text })
    if ($Stopped.Count -gt 0) { $Text += "not running: $(($Stopped | ForEach-Object { $_.Name }) -join ', ')" }
    $Port = (Get-ItemProperty -Path "$Server\WinStations\RDP-Tcp").PortNumber
    $Owner = @()
    if (Get-Command -Name Get-NetTCPConnection -ErrorAction SilentlyContinue) {
        $Owner = @(Get-NetTCPConnection -LocalPort $Port -State Listen -ErrorAction SilentlyContinue | Select-Object -ExpandProperty OwningProcess -Unique)
    }
    $Service = (Get-CimInstance -ClassName Win32_Service -Filter "Name='TermService'").ProcessId
    $Foreign = @($Owner | Where-Object { $_ -ne $Service })
    $Blocked = if ($Policy.Exists -and ($Policy.Value -ne 0)) { 'a policy forbids Remote Desktop: change it there' }
    elseif ($Disabled.Count -gt 0) { "disabled, on purpose it seems, so ask first: $($Disabled -join ', ')" }
    $Reason = if ($Blocked) { $Blocked }
    elseif ($Text.Count -gt 0) { $Text -join '; ' }
    elseif ($Foreign.Count -gt 0) { "port $Port belongs to another program, process $($Foreign -join ', ')" }
    else { "the listener is in order, at port $Port" }
    [pscustomobject]@{
        Port        = $Port
        PortOwner   = $Owner -join ', '
        TermService = $Service
        Saved       = ConvertTo-Json -Compress -Depth 5 -InputObject @{ Values = @($Wrong | ForEach-Object { $_.Before }); Missing = @(); Stopped = @($Stopped | ForEach-Object { $_.Name }) }
        Needed      = ($Text.Count -gt 0) -and (-not $Blocked)
        Reason      = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Done = @()
    foreach ($Item in @(Find-WrongValue)) {
        New-ItemProperty -LiteralPath $Item.Before.Path -Name $Item.Before.Name -Value $Item.Value -PropertyType DWord -Force | Out-Null
        $Done += "$($Item.Before.Name) is $($Item.Value)"
    }
    # In this order: UmRdpService needs TermService.
    foreach ($Service in @(Find-Stopped | Sort-Object -Property Name)) {
        Start-Service -Name $Service.Name
        $Done += "$($Service.Name) runs"
    }
    $Done -join ', '
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    Restore-RegistryValue -Saved $Saved
    foreach ($Name in @((ConvertFrom-Json -InputObject $Saved).Stopped | Sort-Object -Descending)) {
        Stop-Service -Name $Name -Force
        "$Name is stopped again"
    }
}
