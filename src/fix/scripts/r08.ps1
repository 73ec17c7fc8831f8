$Check = {
    param($Settings)
    $Server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
    $Denied = (Get-ItemProperty -Path $Server -Name fDenyTSConnections).fDenyTSConnections
    $Policy = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' -Name fDenyTSConnections -ErrorAction SilentlyContinue
    $ByPolicy = $Policy -and ($Policy.fDenyTSConnections -ne 0)
    $Listener = Get-ItemProperty -Path "$Server\WinStations\RDP-Tcp"
    $Stopped = @(Get-Service -Name TermService, UmRdpService | Where-Object { $_.Status -ne 'Running' } | ForEach-Object { $_.Name })
    $Wrong = @()
    if ($Denied -ne 0) { $Wrong += 'Remote Desktop is switched off' }
    if ($Listener.fEnableWinStation -ne 1) { $Wrong += 'the listener is switched off' }
    if ($Stopped.Count -gt 0) { $Wrong += "not running: $($Stopped -join ', ')" }
    $Owner = @(Get-NetTCPConnection -LocalPort $Listener.PortNumber -State Listen -ErrorAction SilentlyContinue | Select-Object -ExpandProperty OwningProcess -Unique)
    $Service = (Get-CimInstance -ClassName Win32_Service -Filter "Name='TermService'").ProcessId
    [pscustomobject]@{
        Port        = $Listener.PortNumber
        PortOwner   = $Owner -join ', '
        TermService = $Service
        Needed      = ($Wrong.Count -gt 0) -and (-not $ByPolicy)
        Reason      = if ($ByPolicy) { 'a policy forbids Remote Desktop: change it there' } elseif ($Wrong.Count -gt 0) { $Wrong -join '; ' } else { 'the listener is in order; compare the owner of the port' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
    Set-ItemProperty -Path $Server -Name fDenyTSConnections -Value 0 -Type DWord
    Set-ItemProperty -Path "$Server\WinStations\RDP-Tcp" -Name fEnableWinStation -Value 1 -Type DWord
    Start-Service -Name TermService
    Start-Service -Name UmRdpService
    'Remote Desktop is allowed, and its services run'
}
